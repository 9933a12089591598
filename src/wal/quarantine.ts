/** Keeps damaged bytes aside, once per place, and reports them. */
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DamagedRecordError } from './errors'
import { type LogFolder, quarantineName } from './folders'
import { segmentFileName } from './format'
import type { LogSettings } from './settings'

export interface Damage {
  readonly log: LogFolder
  readonly segment: number
  readonly offset: number
  readonly bytes: Buffer
}

/** Damage found again at the next boot is the same file, so it is kept and reported once. */
export async function quarantine(damage: Damage, { folder, logger }: LogSettings): Promise<void> {
  const { log, segment, offset, bytes } = damage
  const kept = join(folder, quarantineName, `${log.id}-${segment}-${offset}.bin`)
  if (
    await access(kept).then(
      () => true,
      () => false,
    )
  )
    return
  let failure: unknown
  try {
    await mkdir(join(folder, quarantineName), { recursive: true })
    await writeFile(kept, bytes)
  } catch (error) {
    failure = error // a full disk must not keep the rest of the log from being read
  }
  const file = join(log.path, segmentFileName(segment))
  const facts = {
    file,
    offset,
    bytes: bytes.length,
    kept: failure === undefined ? kept : 'no file (it could not be written)',
  }
  logger.error(
    { err: new DamagedRecordError(facts, { cause: failure }) },
    'The log has damaged bytes; they were skipped.',
  )
}
