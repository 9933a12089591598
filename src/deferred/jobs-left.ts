/**
 * Jobs that wait in logs while an engine has all new ones: nobody runs them, and nobody would notice. They are counted at boot,
 * warned of and shown by `rage.health()`; moving them is left to whoever runs the application (migration-guide/cli.md).
 */
import { warnOnce } from '../kernel'
import type { Logger } from '../logger'
import { lookAtLogs } from '../wal'
import { isOver, recordTypes } from './job-record'

export interface JobsLeftWorld {
  /** Of the logs. */
  readonly folder: string
  readonly logger: Logger
}

/** Why that is a problem, or `null`. Never rejects. */
export async function jobsLeft({ folder, logger }: JobsLeftWorld): Promise<string | null> {
  let jobs = 0
  try {
    for await (const part of (await lookAtLogs({ folder, logger })).recovered)
      for (const { added, note } of part) if (added.type === recordTypes.added && !isOver(note)) jobs += 1
  } catch (error) {
    // Without a folder there never was a log.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      logger.warn({ err: error, folder }, 'Whether jobs are left in logs cannot be told.')
  }
  if (jobs === 0) return null
  warnOnce(
    'RAGE_W050',
    `Jobs wait in the logs in "${folder}", and with an engine nobody runs them: ${jobs}. Move them with "rage jobs move" while the application is stopped, or boot it once without the engine.`,
    folder,
  )
  return `jobs wait in the logs in "${folder}", and with an engine nobody runs them: ${jobs}`
}
