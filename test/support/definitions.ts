/** Every `defineError` and `warnOnce` of the source, as .ci/write-errors-page.mjs reads them. */
import { execFileSync } from 'node:child_process'
import { root } from './repository'

export interface Definition {
  readonly kind: 'error' | 'warning'
  readonly code: string
  readonly room: string
  readonly file: string
  readonly line: number
  readonly message: string
  /** Of errors only, as are the two below. */
  readonly name?: string
  readonly about?: string
  readonly fix?: string
}

export const definitions: readonly Definition[] = JSON.parse(
  execFileSync(process.execPath, ['.ci/write-errors-page.mjs', '--list'], { cwd: root, encoding: 'utf8' }),
)
