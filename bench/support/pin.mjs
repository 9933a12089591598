/**
 * Keeps servers on one core and the load generator on another, where the system can (Linux with taskset and
 * two cores): where the scheduler puts them otherwise decides more than what is measured.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const canPin = process.platform === 'linux' && availableParallelism() >= 2

/** The server's core. */
export function pinServer(pid) {
  pin(pid, 0)
}

/** The core of this process, which makes the load. */
export function pinLoad() {
  pin(process.pid, 1)
}

/** With all threads; a system without taskset is left as it is. */
function pin(pid, core) {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)])
}
