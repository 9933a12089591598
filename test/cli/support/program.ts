/** The program `rage`, as it is installed, and an application for it to speak to. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { read, root } from '../../support/repository'

const { bin } = JSON.parse(read('package.json')) as { bin: { rage: string } }

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `rage` with these arguments. */
export function rage(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, bin.rage), ...args],
      { timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
  })
}

/** Starts `rage` with these arguments, to be killed. */
export function start(...args: readonly string[]): { kill(): Promise<void> } {
  const child = spawn(process.execPath, [join(root, bin.rage), ...args], { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    kill() {
      child.kill('SIGKILL')
      return exited
    },
  }
}

/** An application with jobs in this storage folder; see application.cjs for its tasks. */
export class Application {
  readonly process: ChildProcess
  /** In this folder. */
  protected get script(): string {
    return 'application.cjs'
  }
  readonly #exited: Promise<void>
  #text = ''

  constructor(storage: string, ...commands: readonly string[]) {
    const script = join(__dirname, this.script)
    this.process = spawn(process.execPath, [script, join(root, 'dist'), storage, ...commands], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.process.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      this.#text += piece
    })
    this.#exited = new Promise((resolve) => this.process.once('close', () => resolve()))
  }

  /** What followed the word on each line that began with it. */
  said(word: string): string[] {
    return this.#text.split('\n').flatMap((line) => {
      return line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []
    })
  }

  async until(isSo: () => boolean): Promise<this> {
    const deadline = Date.now() + 15_000
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}; it said ${this.#text}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return this
  }

  ready(): Promise<this> {
    return this.until(() => this.#text.includes('ready\n'))
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.process.kill(signal)
    await this.#exited
  }
}

/** An application with events; see events-application.cjs. */
export class EventsApplication extends Application {
  protected override get script(): string {
    return 'events-application.cjs'
  }
}
