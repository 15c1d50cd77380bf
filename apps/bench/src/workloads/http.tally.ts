/** Who is let in, and what has been done. */
export class Tally {
  admitted = 0
  handled = 0

  /** What the guard goes by. */
  admits({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): boolean {
    if (headers['x-client'] === 'unknown') return false
    this.admitted += 1
    return true
  }
}
