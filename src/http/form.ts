/** `a=1&b=2` as an object: repeated names become arrays. Nested names (`a[b]`) stay as they are. */
export function parseForm(source: string): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(source)) {
    const known = form[name]
    if (known === undefined) form[name] = value
    else if (typeof known === 'string') form[name] = [known, value]
    else known.push(value)
  }
  return form
}
