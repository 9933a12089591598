/** Runtimes for tests: own storage folder, lines kept, everything released at the end of the test file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { createRage, type Rage, type RageOptions } from '../../../src'

export interface Line {
  readonly msg: string
  readonly level: number
  readonly requestId?: string
  readonly [field: string]: unknown
}

const releases: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release()
})

/** Runs at the end of the test, after what was registered later. */
export function atEnd(release: () => Promise<void> | void): void {
  releases.push(release)
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-test-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A runtime whose log lines end up in `lines`. */
export function makeRage(options: RageOptions = {}): { rage: Rage; lines: Line[] } {
  const lines: Line[] = []
  const rage = createRage({
    storage: temporaryFolder(),
    signals: false,
    drainMs: 2_000,
    ...options,
    logger: {
      level: 'debug',
      format: 'json',
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
      ...options.logger,
    },
  })
  atEnd(() => rage.stop())
  return { rage, lines }
}

/** Resolves once `condition` answers something truthy; fails after two seconds. */
export async function eventually<T>(condition: () => T, what = 'the condition'): Promise<NonNullable<T>> {
  const deadline = Date.now() + 2_000
  for (;;) {
    const value = await condition()
    if (value) return value as NonNullable<T>
    if (Date.now() > deadline) throw new Error(`${what} did not come true within two seconds`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
