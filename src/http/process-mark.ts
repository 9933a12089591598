/**
 * A name for this process that no other process shares, and the question whether the bearer of such a name lives.
 * Host names and pids alone do not tell: containers share folders, are named alike and count their pids from 1.
 *
 *     <space>-<pid>-<start>
 *
 * `space` says where pids can be compared: on Linux a running kernel and the namespaces in it, elsewhere a host.
 * `start` tells a process from an earlier one with its pid: on Linux clock ticks since the kernel started, elsewhere
 * nothing is known (0).
 */
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

const space = createHash('sha256').update(spaceName()).digest('hex').slice(0, 16)

/** Of this process, whichever thread asks. */
export const processMark = `${space}-${process.pid}-${startOf(process.pid) ?? 0}`

const markPattern = /^([0-9a-f]{16})-(\d+)-(\d+)$/

/**
 * `false` only where that is certain. A namespace whose name has been given away again has no processes left, so a
 * mark from there answers as it should.
 *
 * @returns `null` = it cannot be known from here.
 */
export function isAlive(mark: string): boolean | null {
  const [, where, pid, start] = markPattern.exec(mark) ?? []
  if (where !== space) return null
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (start === '0') return true
  // Of another user it may be hidden.
  const actual = startOf(Number(pid))
  return actual === null || String(actual) === start
}

function spaceName(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${boot} ${readlinkSync('/proc/self/ns/pid')} ${timeNamespace()}`
  } catch {
    return hostname()
  }
}

/** In which starts are counted; none before Linux 5.6. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time')
  } catch {
    return ''
  }
}

/** Field 22 of proc_pid_stat(5). The second is the program's name in parentheses, with anything in it. */
function startOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    return Number.isSafeInteger(ticks) && ticks > 0 ? ticks : null
  } catch {
    return null
  }
}
