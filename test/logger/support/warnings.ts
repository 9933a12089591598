/** Codes of the warnings that the process gives while something happens, in order. */
export async function warningsDuring(work: () => void | Promise<void>): Promise<string[]> {
  const codes: string[] = []
  const listen = (warning: Error & { code?: string }): void => void codes.push(warning.code ?? warning.name)
  process.on('warning', listen)
  try {
    await work()
    // Warnings are emitted in the next tick.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('warning', listen)
  }
  return codes
}
