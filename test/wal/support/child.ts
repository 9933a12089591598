/**
 * Processes that use the log. The sources are translated once per test file into a folder of their own, so
 * that a child starts as plain Node.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { afterAll } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

/** Call it at the top of a test file. */
export function compiledSources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-wal-js-'))
  for (const room of ['kernel', 'wal']) {
    mkdirSync(join(folder, room))
    for (const file of readdirSync(join(root, 'src', room))) {
      const source = readFileSync(join(root, 'src', room, file), 'utf8')
      const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
      const { outputText } = ts.transpileModule(source, { compilerOptions: options })
      writeFileSync(join(folder, room, file.replace('.ts', '.js')), outputText)
    }
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export class Child {
  readonly process: ChildProcess
  readonly exited: Promise<void>
  /** All complete lines it has printed. */
  readonly lines: string[] = []
  #rest = ''
  #onLine: () => void = () => {}

  /** @param script a file of this folder; it finds the sources in `RAGE_SOURCES`. */
  constructor(script: string, sources: string, args: readonly string[]) {
    const env = { ...process.env, RAGE_SOURCES: sources, NODE_PATH: join(root, 'node_modules') }
    this.process = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.exited = new Promise((done) => this.process.once('close', () => done()))
  }

  /** Resolves once a line of its output satisfies `wanted`. */
  async line(wanted: (line: string) => boolean): Promise<string> {
    for (let next = 0; ; ) {
      while (next < this.lines.length) {
        const line = this.lines[next++]!
        if (wanted(line)) return line
      }
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`The child ended: ${this.lines.join(' | ')}`)
      await Promise.race([new Promise<void>((more) => (this.#onLine = more)), this.exited])
    }
  }

  /** `kill -9`, and waits until it is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    this.lines.push(...lines)
    this.#onLine()
  }
}
