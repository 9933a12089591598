/** The warnings of this package that `work` gives. */
export interface Warned {
  readonly code: string
  readonly message: string
}

export async function warningsDuring(work: () => unknown): Promise<readonly Warned[]> {
  const warnings: Warned[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.name === 'RageWarning') warnings.push({ code: warning.code ?? '', message: warning.message })
  }
  process.on('warning', listen)
  await work()
  // Node tells of warnings in the next tick.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  return warnings
}
