/** What `rage events` asks of a process that runs; see control.ts. */
import type { Events } from '../events'
import type { Commands } from './control'

export function eventCommands(events: Events): Commands {
  return {
    'events.tree': () => ({ pid: process.pid, events: events.tree() }),
  }
}
