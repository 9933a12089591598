/** Whether a name such as `deferred.task.enqueue` matches `deferred.*`, `*` or itself. */
export function matches(pattern: string, name: string): boolean {
  if (!pattern.endsWith('*')) return pattern === name
  return name.startsWith(pattern.slice(0, -1))
}
