/** What a user who meets a code can look up: the page, the definitions and the codes agree. */
import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'vitest'
import { definitions } from './support/definitions'
import { read, root, sourceFiles } from './support/repository'

const command = 'node .ci/write-errors-page.mjs'

describe('errors: migration-guide/errors.md', () => {
  it('says what the definitions in the source say', () => {
    const expected = execFileSync(process.execPath, ['.ci/write-errors-page.mjs', '--print'], {
      cwd: root,
      encoding: 'utf8',
    })

    assert.ok(
      read('migration-guide/errors.md') === expected,
      `The page differs from the source. Run "${command}".`,
    )
  })

  it('lists each code once, and no code that is not defined', () => {
    const listed = [...read('migration-guide/errors.md').matchAll(/^### (\w+)$/gm)].map(([, code]) => code!)

    assert.deepEqual(listed.sort(), definitions.map(({ code }) => code).sort())
  })

  it('names what happened and what to do for every code', () => {
    const silent = definitions.filter(
      (one) => one.message === '' || (one.kind === 'error' && (one.about === '' || one.fix === '')),
    )

    assert.deepEqual(silent.map(place), [])
  })
})

describe('errors: the definitions', () => {
  it('never share a code', () => {
    const codes = definitions.map(({ code }) => code)

    assert.deepEqual(definitions.filter(({ code }, index) => codes.indexOf(code) !== index).map(place), [])
  })

  it('stand in the errors.ts of their room', () => {
    const elsewhere = definitions.filter(({ kind, room, file }) => {
      const folder = room.startsWith('adapters/') ? room : `src/${room}`
      return kind === 'error' && file !== `${folder}/errors.ts`
    })

    assert.deepEqual(elsewhere.map(place), [])
  })

  it('are found by the page: every code in the source is one of theirs', () => {
    const known = new Set(definitions.map(({ code }) => code))
    const strangers = sourceFiles().flatMap((file) =>
      [...read(file).matchAll(/'(RAGE_(?:W\d+|DEP\d+|[A-Z]+_[A-Z0-9_]+))'/g)]
        .filter(([, code]) => !known.has(code!))
        .map(([, code]) => `${file}: ${code}`),
    )

    assert.deepEqual(strangers, [])
  })
})

function place({ code, file, line }: { code: string; file: string; line: number }): string {
  return `${code} (${file}:${line})`
}
