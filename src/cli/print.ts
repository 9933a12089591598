/** What the commands write: results to standard output, everything else to standard error. */

/** JSON for programs, else lines for people. */
export function printResult(asJson: boolean, value: unknown, lines: () => readonly string[]): void {
  if (asJson) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  else
    process.stdout.write(
      lines()
        .map((line) => `${printable(line)}\n`)
        .join(''),
    )
}

export function printNote(message: string): void {
  process.stderr.write(`${printable(message)}\n`)
}

export function printError(asJson: boolean, error: unknown): void {
  const { code = null, message } = error as { code?: string | null; message?: string }
  const text = message ?? String(error)
  process.stderr.write(
    asJson ? `${JSON.stringify({ error: { code, message: text } })}\n` : `rage: ${printable(text)}\n`,
  )
}

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/** `name: value`, one a line; objects below their names, empty ones as JSON. */
export function listing(value: object, indent = ''): string[] {
  return Object.entries(value).flatMap(([name, one]) => {
    if (typeof one !== 'object' || one === null)
      return [`${indent}${name}: ${one === null ? '-' : String(one)}`]
    if (Object.keys(one).length === 0) return [`${indent}${name}: ${JSON.stringify(one)}`]
    return [`${indent}${name}:`, ...listing(one, `${indent}  `)]
  })
}

export function time(epochMs: number | null): string {
  if (epochMs === null) return '-'
  const date = new Date(epochMs)
  // One time beyond what a Date can hold is no reason to list nothing.
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString()
}

/** What stands in messages and names may come from strangers: it must not command the terminal. */
export function printable(text: string): string {
  return text.replace(
    /(?![\n\t])\p{Cc}/gu,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
