/** Work of the application's own that waits for the commit, like the effects of the runtime do. */
import { currentGate } from './effects'

/** See `rage.afterCommit`. */
export async function afterCommit(work: () => unknown): Promise<void> {
  const gate = currentGate()
  if (gate === null) {
    await work()
    return
  }
  await gate.pass<unknown>({
    kind: 'after-commit',
    target: work.name || 'anonymous function',
    payload: undefined,
    perform: work,
    held: () => undefined,
  })
}
