/** The command line `rage`: finds the command, and turns what it throws into a message and an exit code. */
import { resolve } from 'node:path'
import { UsageError } from './errors'
import { runEvents } from './events'
import { runJobs } from './jobs'
import { printError } from './print'

const help = `rage <command>

  jobs       background jobs: list, show, retry, discard, pause, resume, stats, verify, move
  events     who runs when an event is published

Run "rage <command> --help" for more.
`

/** Runs a command line, without `node` and the program's name. Never rejects; answers the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  try {
    if (command === 'jobs') return await runJobs(rest, resolve)
    if (command === 'events') return await runEvents(rest, resolve)
    if (command === undefined || command === '--help' || command === '-h') {
      process.stdout.write(help)
      return command === undefined ? 2 : 0
    }
    throw new UsageError({ problem: `There is no command "rage ${command}"` })
  } catch (error) {
    printError(args.includes('--json'), error)
    return error instanceof UsageError ? 2 : 1
  }
}
