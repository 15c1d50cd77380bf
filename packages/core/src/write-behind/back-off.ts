const longest = 30_000

/** How long to wait after so many failures in a row, in milliseconds: twice as long each time, jittered. */
export function backOff(failures: number, first: number): number {
  const full = Math.min(first * 2 ** (failures - 1), Math.max(first, longest))
  return full * (0.5 + Math.random() / 2)
}
