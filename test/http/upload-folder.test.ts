import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { uploadFolder } from '../../src/http/upload-folder'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'rage-test-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

/** A folder with a file, as a process leaves it that was killed. */
function leftBehind(name: string): string {
  const folder = join(parent, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'upload'), 'content')
  return folder
}

const host = hostname().replace(/[^\w.]/g, '_')
/** Of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid

describe('http: the folder of uploads', () => {
  it('is readable by this process only, and the same for every request', async () => {
    const [folder, again] = await Promise.all([uploadFolder(parent), uploadFolder(parent)])

    assert.equal(folder, again)
    assert.equal(await uploadFolder(parent), folder)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  it('of a process that was killed is removed', async () => {
    const dead = leftBehind(`rage-uploads-${host}-${deadPid}-1700000000000-aaaaaa`)
    // In a container every process has the same id.
    const namesake = leftBehind(`rage-uploads-${host}-${process.pid}-1700000000000-aaaaaa`)
    await uploadFolder(parent)

    assert.ok(!existsSync(dead))
    assert.ok(!existsSync(namesake))
  })

  it('of a living process, of another host, and what is none stay', async () => {
    const others = [
      leftBehind(`rage-uploads-${host}-${process.ppid}-1700000000000-aaaaaa`),
      leftBehind(`rage-uploads-elsewhere-${deadPid}-1700000000000-aaaaaa`),
      leftBehind(`rage-uploads-${host}-notes`),
      leftBehind('photos'),
    ]
    await uploadFolder(parent)

    assert.deepEqual(
      others.filter((one) => !existsSync(one)),
      [],
    )
  })

  it('is made anew when it has gone', async () => {
    const folder = await uploadFolder(parent)
    rmSync(folder, { recursive: true })

    const [one, two] = await Promise.all([uploadFolder(parent), uploadFolder(parent)])

    assert.ok(existsSync(one))
    assert.equal(one, two)
  })
})
