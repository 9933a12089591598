/** Tells what is still to come from what is there, so that synchronous work makes no promise. */

/** By its `then`, as `await` does: promises of other realms and libraries count. */
export function isThenable(value: unknown): value is Promise<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
