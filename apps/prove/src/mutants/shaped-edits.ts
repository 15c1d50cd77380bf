/** Mistakes in what records and windows have in common. */
export const shapedEdits = {
  voidsNothing: {
    file: 'cache/shaped-cache.ts',
    find: 'if (!accepted) await options.store.lower(inStore, { token: opened, settle: 0 })\n',
    put: '',
  },
  opensLate: [
    {
      file: 'cache/shaped-cache.ts',
      find: '    if (!(await this.#opens(target))) return this.#behindBarrier(target, write)\n',
      put: '',
    },
    {
      file: 'cache/shaped-cache.ts',
      find: '    return this.#apply(target, change)\n',
      put: '    return this.#apply(target, (await this.#opens(target)) ? change : null)\n',
    },
  ],
  diesUnnoticed: {
    file: 'cache/read-through.ts',
    find: "    if (mark?.kind === 'writing' && mark.until <= now) return 'over'\n",
    put: '',
  },
}
