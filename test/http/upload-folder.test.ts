import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { removeAbandonedUploads } from '../../src/http'
import { processMark } from '../../src/http/process-mark'
import { uploadFolder } from '../../src/http/upload-folder'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'rage-test-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

/** A folder with a file, as a process leaves it that was killed; both were touched this long ago. */
function leftBehind(name: string, hoursAgo: { folder?: number; file?: number } = {}): string {
  const folder = join(parent, name)
  const file = join(folder, 'upload')
  const touch = (path: string, hours = 0) => {
    const then = Date.now() / 1000 - hours * 3600
    utimesSync(path, then, then)
  }
  mkdirSync(folder)
  writeFileSync(file, 'content')
  touch(file, hoursAgo.file)
  touch(folder, hoursAgo.folder)
  return folder
}

const gone = (folders: readonly string[]) => folders.filter((one) => !existsSync(one))

const [space, pid, start] = processMark.split('-') as [string, string, string]
/** Of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid
/** A container of the same name: other pids, or the same one by chance. */
const elsewhere = '0123456789abcdef'

describe('http: the folder of uploads', () => {
  it('is readable by this process only, and the same for every request', async () => {
    const [folder, again] = await Promise.all([uploadFolder(parent), uploadFolder(parent)])

    assert.equal(folder, again)
    assert.equal(await uploadFolder(parent), folder)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  it('of a process that was killed is removed, be it at boot or at the first upload', async () => {
    for (const clean of [
      uploadFolder,
      (folder: string) => removeAbandonedUploads({ enabled: true, folder }),
    ]) {
      const dead = [
        leftBehind(`rage-uploads-${space}-${deadPid}-${start}-aaaaaa`),
        // Its pid is ours now.
        leftBehind(`rage-uploads-${space}-${pid}-${Number(start) - 1}-aaaaaa`),
      ]
      await clean(parent)

      assert.deepEqual(gone(dead), dead)
    }
  })

  it('of a process that cannot be asked stays for a day after it was last touched', async () => {
    const stay = [
      leftBehind(`rage-uploads-${elsewhere}-${deadPid}-${start}-aaaaaa`),
      leftBehind(`rage-uploads-${elsewhere}-${pid}-${start}-old-file`, { file: 30 }),
      leftBehind(`rage-uploads-${elsewhere}-${pid}-${start}-bbbbbb`, { folder: 30 }),
      leftBehind(`rage-uploads-${elsewhere}-${pid}-${start}-cccccc`, { folder: 23, file: 23 }),
    ]
    const go = [
      leftBehind(`rage-uploads-${elsewhere}-${pid}-${start}-dddddd`, { folder: 25, file: 25 }),
      leftBehind('rage-uploads-of-an-older-version', { folder: 25, file: 25 }),
    ]
    await uploadFolder(parent)

    assert.deepEqual(gone(stay), [])
    assert.deepEqual(gone(go), go)
  })

  it('of a living process stays however old it is, and so does what is none', async () => {
    const old = { folder: 100, file: 100 }
    const stay = [
      leftBehind(`rage-uploads-${processMark}-aaaaaa`, old),
      leftBehind(`rage-uploads-${space}-${process.ppid}-0-aaaaaa`, old),
      leftBehind('photos', old),
    ]
    await uploadFolder(parent)

    assert.deepEqual(gone(stay), [])
  })

  it('is touched by every upload, so that those who cannot ask see it live', async () => {
    const folder = await uploadFolder(parent)
    const old = Date.now() / 1000 - 48 * 3600
    utimesSync(folder, old, old)
    await uploadFolder(parent)

    assert.ok(Date.now() - statSync(folder).mtimeMs < 60_000)
  })

  it('is made anew when it has gone', async () => {
    const folder = await uploadFolder(parent)
    rmSync(folder, { recursive: true })

    const [one, two] = await Promise.all([uploadFolder(parent), uploadFolder(parent)])

    assert.ok(existsSync(one))
    assert.equal(one, two)
  })
})

describe('http: what uploads left behind', () => {
  it('is not looked for where uploads are not taken, or there is no folder', async () => {
    const dead = leftBehind(`rage-uploads-${space}-${deadPid}-${start}-aaaaaa`)
    await removeAbandonedUploads({ enabled: false, folder: parent })
    await removeAbandonedUploads({ enabled: true, folder: join(parent, 'none') })

    assert.deepEqual(gone([dead]), [])
    assert.ok(!existsSync(join(parent, 'none')))
  })
})
