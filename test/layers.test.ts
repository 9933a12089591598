/** The layer table of the style guide, kept true: who may import whom, and through which door. */
import assert from 'node:assert'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, it } from 'vitest'
import { read, roomOf, sourceFiles } from './support/repository'

const layers: Readonly<Record<string, number>> = {
  kernel: 0,
  codec: 1,
  context: 1,
  logger: 2,
  telemetry: 2,
  wal: 3,
  pubsub: 3,
  http: 3,
  router: 3,
  controller: 4,
  deferred: 4,
  events: 4,
  cable: 4,
  sse: 4,
  cutover: 5,
  runtime: 6,
  openapi: 7,
  codemod: 7,
  console: 7,
  testing: 7,
  adapters: 8,
  cli: 9,
  index: 9,
}

/** Systems whose types and imports belong to their adapter alone. */
const foreignSystems = ['express', 'connect', '@types/express']

interface Import {
  readonly from: string
  readonly specifier: string
  /** Path from the root without extension, or `null` for a package or a module of Node. */
  readonly target: string | null
}

const files = sourceFiles()
const imports = files.flatMap(importsOf)
const rooms = [...new Set(files.map(roomOf))]

describe('layers: the imports of src/ and adapters/', () => {
  it('go down, never up or sideways, type imports included', () => {
    const wrong = between().filter(({ from, target }) => layerOf(roomOf(target)) >= layerOf(roomOf(from)))

    assert.deepEqual(wrong.map(describeWithLayers), [])
  })

  it('enter another room through its door, index.ts', () => {
    const wrong = between().filter(({ target }) => !isDoor(target))

    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('name the neighbour file inside a room, not the door', () => {
    const wrong = relativeImports().filter(
      ({ from, target }) => roomOf(from) === roomOf(target) && isDoor(target),
    )

    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('stay inside src/ and adapters/', () => {
    const wrong = relativeImports().filter(({ target }) => !/^(src|adapters)\//.test(target))

    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('reach adapters only from the two fronts, and never from one adapter to another', () => {
    const wrong = relativeImports().filter(
      ({ from, target }) =>
        target.startsWith('adapters/') &&
        roomOf(from) !== roomOf(target) &&
        !['index', 'cli'].includes(roomOf(from)),
    )

    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('name each package in one file, its seam', () => {
    const seams = new Map<string, Set<string>>()
    for (const { from, specifier, target } of imports) {
      if (target !== null || isBuiltin(specifier)) continue
      const name = packageOf(specifier)
      seams.set(name, (seams.get(name) ?? new Set()).add(from))
    }

    const wrong = [...seams]
      .filter(([, users]) => users.size > 1)
      .map(([name, users]) => `${name}: ${[...users].join(', ')}`)
    assert.deepEqual(wrong, [])
  })

  it('name foreign systems in their adapter only', () => {
    const wrong = imports.filter(
      ({ from, specifier }) => from.startsWith('src/') && foreignSystems.includes(packageOf(specifier)),
    )

    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('name modules of Node with the prefix node:', () => {
    const wrong = imports.filter(({ specifier }) => builtinModules.includes(specifier))

    assert.deepEqual(wrong.map(describeImport), [])
  })
})

describe('layers: the rooms', () => {
  it('are those of the table', () => {
    assert.deepEqual(
      rooms.filter((room) => layers[tableKey(room)] === undefined),
      [],
    )
  })

  it('each have a door', () => {
    const doors = rooms
      .filter((room) => room !== 'index')
      .map((room) => `${room.includes('/') ? room : `src/${room}`}/index.ts`)

    assert.deepEqual(
      doors.filter((door) => !files.includes(door)),
      [],
    )
  })

  it('head each file with a comment that says why it exists', () => {
    assert.deepEqual(
      files.filter((path) => !/^(#!.*\n)?\/[*/]/.test(read(path))),
      [],
    )
  })

  it('export names, never everything', () => {
    assert.deepEqual(
      files.filter((path) => /^\s*export\s+(type\s+)?\*/m.test(read(path))),
      [],
    )
  })

  it('hold nothing called utils, helpers, common, types or misc', () => {
    assert.deepEqual(
      files.filter((path) => /(^|[/-])(utils?|helpers?|common|types|misc)(\.ts$|\/)/.test(path)),
      [],
    )
  })
})

/** Every specifier of a file: static, dynamic, `require` and type-only. */
function importsOf(from: string): Import[] {
  return ts.preProcessFile(read(from), true, true).importedFiles.map(({ fileName: specifier }) => ({
    from,
    specifier,
    target: specifier.startsWith('.') ? join(dirname(from), specifier).replace(/\.[jt]s$/, '') : null,
  }))
}

function relativeImports(): (Import & { readonly target: string })[] {
  return imports.filter((one): one is Import & { readonly target: string } => one.target !== null)
}

function between(): (Import & { readonly target: string })[] {
  return relativeImports().filter(({ from, target }) => roomOf(from) !== roomOf(target))
}

function isDoor(target: string): boolean {
  return /^(src|adapters)\/[^/]+(\/index)?$/.test(target)
}

function tableKey(room: string): string {
  return room.startsWith('adapters/') ? 'adapters' : room
}

function layerOf(room: string): number {
  return layers[tableKey(room)] ?? Number.POSITIVE_INFINITY
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function describeImport({ from, specifier }: Import): string {
  return `${from} imports '${specifier}'`
}

function describeWithLayers(one: Import & { readonly target: string }): string {
  const [from, to] = [roomOf(one.from), roomOf(one.target)]
  return `${describeImport(one)}: ${from} (${layerOf(from)}) -> ${to} (${layerOf(to)})`
}
