/**
 * SIGTERM and SIGINT: every runtime of the process drains, then the signal takes the course it would have
 * taken without us. We never exit the process; a second signal ends the wait.
 */

type Stop = (signal: NodeJS.Signals) => Promise<void>

const signals = ['SIGTERM', 'SIGINT'] as const
const stops = new Set<Stop>()
let draining = false
/** The app has listeners of its own for the signal received: the end is theirs to decide. */
let isAppsBusiness = false

/** Calls `stop` on the first signal; the function returned takes that back. */
export function onSignal(stop: Stop): () => void {
  if (stops.size === 0) for (const signal of signals) process.prependListener(signal, receive)
  stops.add(stop)
  return () => {
    if (stops.delete(stop) && stops.size === 0 && !draining) release()
  }
}

function receive(signal: NodeJS.Signals): void {
  if (draining) return raise(signal)
  draining = true
  // Asked first, and before they run: one added with `once` is not to be seen any more afterwards.
  isAppsBusiness = process.listenerCount(signal) > 1
  void Promise.allSettled([...stops].map((stop) => stop(signal))).then(() => {
    if (isAppsBusiness) finish()
    else raise(signal)
  })
}

/** Without our listener the signal does what the app, or else Node, does about it. */
function raise(signal: NodeJS.Signals): void {
  finish()
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

function finish(): void {
  release()
  draining = false
}

function release(): void {
  for (const signal of signals) process.off(signal, receive)
}
