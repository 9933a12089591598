import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import ts from 'typescript'
import { afterEach, describe, it } from 'vitest'
import { isAlive, processMark } from '../../src/http/process-mark'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const [space, pid, start] = processMark.split('-') as [string, string, string]

describe('http: the mark of a process', () => {
  it('is alive while the process is', async () => {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'])
    children.push(child)
    await once(child.stdout, 'data')
    const parent = process.ppid
    const startOf = (one: number | string) =>
      spawnSync('awk', ['{print $22}', `/proc/${one}/stat`])
        .stdout.toString()
        .trim()
    const mark = `${space}-${child.pid}-${startOf(child.pid!)}`

    assert.equal(isAlive(processMark), true)
    assert.equal(isAlive(`${space}-${parent}-${startOf(parent)}`), true)
    assert.equal(isAlive(mark), true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(isAlive(mark), false)
  })

  it('is dead where another process has the pid now', () => {
    assert.equal(isAlive(`${space}-${pid}-${Number(start) - 1}`), false)
    assert.equal(isAlive(`${space}-1-${start}`), false)
  })

  it('is unknown from another kernel, container or machine, and where it is none', () => {
    assert.equal(isAlive(`${'0'.repeat(16)}-${pid}-${start}`), null)
    assert.equal(isAlive(`${'0'.repeat(16)}-4194305-1`), null)
    assert.equal(isAlive('notes'), null)
    assert.equal(isAlive(''), null)
  })

  it('is the same in every thread', async () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/http/process-mark.ts'), 'utf8')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    })
    const post = "require('node:worker_threads').parentPort.postMessage(exports.processMark)"
    const worker = new Worker(`${outputText}\n${post}`, { eval: true })
    const [mark] = await once(worker, 'message')

    assert.equal(mark, processMark)
  })
})
