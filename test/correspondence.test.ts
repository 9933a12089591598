/** One word per feature, everywhere: files, tests, codes, spans and options of a room carry the room's name. */
import assert from 'node:assert'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'vitest'
import { definitions } from './support/definitions'
import { filesIn, read, roomOf, root, sourceFiles } from './support/repository'

/** Tests of a behaviour that several files of one room make together, named as a phrase. */
const behaviours: readonly string[] = [
  'adapters/connect/middlewares',
  'adapters/express/fall-through',
  'adapters/express/guards',
  'adapters/express/leaks',
  'adapters/express/moved-route',
  'adapters/express/parity',
  'adapters/express/traps',
  'adapters/express/transparency',
  'adapters/prometheus/dashboard',
  'adapters/prometheus/metrics-page',
  'controller/render',
  'controller/rescue',
  'deferred/chains-killed',
  'deferred/crash',
  'deferred/engine-crash',
  'deferred/idle',
  'deferred/placement',
  'deferred/several-processes',
  'events/deferred-subscriber',
  'events/hostile',
  'events/publish',
  'http/hostile',
  'http/killed-upload',
  'http/parsed-upstream',
  'runtime/effects',
  'wal/kill-nine',
  'wal/small-disk',
]

/** The room that composes the others: it opens their spans, and its options are those of createRage. */
const composer = 'runtime'

/** Folders of test/ that are not rooms. */
const otherFolders = ['api', 'package', 'support']

/** Pages of the migration guide that no single room owns. */
const pagesForAll = ['README', 'errors', 'errors-and-health', 'logging', 'metrics']

describe('correspondence: the word of a room', () => {
  it('leads from each test to the file it tests, or to a named behaviour', () => {
    const lost = filesIn('test', '.ts')
      .filter((path) => /\.(test|types)\.ts$/.test(path) && path.split('/').length > 2)
      .filter((path) => !otherFolders.includes(path.split('/')[1]!))
      .filter((path) => !behaviours.includes(path.replace(/^test\//, '').replace(/\.(test|types)\.ts$/, '')))
      .filter((path) => !testedFiles(path).some((file) => existsSync(join(root, file))))

    assert.deepEqual(lost, [])
  })

  it('names the tests across rooms as phrases, without numbers', () => {
    const numbered = filesIn('test', '.test.ts').filter((path) => /\d/.test(basename(path)))

    assert.deepEqual(numbered, [])
  })

  it('begins the error codes', () => {
    const strangers = definitions.filter(
      ({ kind, code, room }) =>
        kind === 'error' && !code.startsWith(`RAGE_${basename(room).toUpperCase().replaceAll('-', '_')}_`),
    )

    assert.deepEqual(
      strangers.map(({ code, file }) => `${file}: ${code}`),
      [],
    )
  })

  it('begins the names of the spans', () => {
    const strangers = sourceFiles()
      .filter((file) => roomOf(file) !== composer)
      .flatMap((file) =>
        [...read(file).matchAll(/\.point\('([^'.]+)\.[^']*'\)/g)]
          .filter(([, word]) => word !== basename(roomOf(file)))
          .map(([span]) => `${file}: ${span}`),
      )

    assert.deepEqual(strangers, [])
  })

  it('begins the name of the options', () => {
    const strangers = sourceFiles()
      .filter((file) => basename(file) === 'options.ts' && !['kernel', composer].includes(roomOf(file)))
      .filter(
        (file) =>
          !read(file).includes(`export const ${camelCase(basename(roomOf(file)))}Options = defineOptions`),
      )

    assert.deepEqual(strangers, [])
  })

  it('names each page of the migration guide after a room, a system or one of the pages for all', () => {
    const words = new Set(sourceFiles().map((file) => basename(roomOf(file))))
    const strangers = filesIn('migration-guide', '.md').filter(
      (path) => !words.has(basename(path, '.md')) && !pagesForAll.includes(basename(path, '.md')),
    )

    assert.deepEqual(strangers, [])
  })
})

/** test/deferred/retry-policy.test.ts tests src/deferred/retry-policy.ts; test/express/mount.test.ts an adapter's file. */
function testedFiles(path: string): string[] {
  const subject = path.replace(/^test\//, '').replace(/\.(test|types)\.ts$/, '.ts')
  return [`src/${subject}`, `adapters/${subject}`, subject]
}

function camelCase(word: string): string {
  return word.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
