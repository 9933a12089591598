/**
 * The code in README.md and migration-guide/ works. Each js or ts block says in its info string how far that can be
 * shown: `run` (a program of its own that exits with 0), `check` (TypeScript that type-checks) or `fragment` (only
 * the syntax is looked at). `file=name` gives a block the name under which other blocks of its page can load it.
 */
import assert from 'node:assert'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { filesIn, read, root } from './support/repository'

interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly words: readonly string[]
  readonly file: string
  readonly code: string
}

const kinds = ['run', 'check', 'fragment']
// Inside the repository, so that blocks find its node_modules and, under its own name, the built package.
const folder = join(root, '.tmp', `docs-${process.pid}`)
const blocks = ['README.md', ...filesIn('migration-guide', '.md')].flatMap(blocksOf)

describe('docs: the code blocks', () => {
  beforeAll(() => {
    for (const block of blocks) {
      mkdirSync(folderOf(block), { recursive: true })
      writeFileSync(join(folderOf(block), block.file), textOf(block))
    }
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('each say whether they are to run, to type-check, or a fragment', () => {
    const silent = blocks.filter(({ words }) => kinds.filter((kind) => words.includes(kind)).length !== 1)

    assert.deepEqual(silent.map(place), [])
  })

  it('have no syntax errors', () => {
    const wrong = blocks.flatMap((block) =>
      (transpiled(block).diagnostics ?? []).map((one) => describeFault(block, one)),
    )

    assert.deepEqual(wrong, [])
  })

  it('type-check where they say so', () => {
    const checked = blocks.filter(({ words }) => words.includes('check'))
    const paths = checked.map((block) => join(folderOf(block), block.file))
    const program = ts.createProgram(paths, {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      skipLibCheck: true,
    })
    const wrong = ts
      .getPreEmitDiagnostics(program)
      .map((one) => describeFault(checked[paths.indexOf(one.file?.fileName ?? '')] ?? checked[0]!, one))

    assert.deepEqual(wrong, [])
  })

  for (const block of blocks.filter(({ words }) => words.includes('run'))) {
    it(`run as they stand: ${place(block)}`, async () => {
      await promisify(execFile)(process.execPath, [block.file], { cwd: folderOf(block), timeout: 15_000 })
    })
  }
})

function blocksOf(page: string): Block[] {
  const text = existsSync(join(root, page)) ? read(page) : ''
  return [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => language === 'js' || language === 'ts')
    .map(({ 1: language, 2: info, 3: code, index }) => {
      const line = text.slice(0, index).split('\n').length
      const words = info!.split(/\s+/).filter((word) => word !== '')
      const named = words.find((word) => word.startsWith('file='))?.slice('file='.length)
      return {
        page,
        line,
        language: language!,
        words,
        file: named ?? `line-${line}.${extensionFor(language!, words, code!)}`,
        code: code!,
      }
    })
}

/** Programs run as JavaScript whatever they are written in; whether as ES module or CommonJS, their text says. */
function extensionFor(language: string, words: readonly string[], code: string): string {
  const isModule = /^(import|export) |^await /m.test(code)
  if (words.includes('run')) return isModule ? 'mjs' : 'cjs'
  return language === 'ts' ? 'mts' : 'js'
}

/** Node 20 runs no TypeScript. */
function textOf(block: Block): string {
  return block.language === 'ts' && block.words.includes('run') ? transpiled(block).outputText : block.code
}

function transpiled({ code }: Block): ts.TranspileOutput {
  return ts.transpileModule(code, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
}

function folderOf({ page }: Block): string {
  return join(folder, basename(page, extname(page)))
}

function place({ page, line }: Block): string {
  return `${page}:${line}`
}

function describeFault(block: Block, { file, start, messageText }: ts.Diagnostic): string {
  const offset = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0
  return `${block.page}:${block.line + 1 + offset}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
}
