import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { NetworkFileSystemError } from '../../src/wal'
import { fileSystemType } from '../../src/wal/file-system'
import { LineKeeper, openTemporary, temporaryFolder } from './support/temporary'

describe('wal: the file system of the folder', () => {
  it('is refused when it is one of the network', async () => {
    for (const [type, name] of [
      [0x6969, 'NFS'],
      [0xfe534d42, 'SMB 2'],
      [0x00c36400, 'CephFS'],
    ] as const) {
      await assert.rejects(
        openTemporary(temporaryFolder(), { fileSystemType: async () => type }),
        (error: Error) => {
          assert.ok(error instanceof NetworkFileSystemError)
          assert.match(
            error.message,
            new RegExp(`RAGE_WAL_NETWORK_FILE_SYSTEM: The folder ".*" lies on ${name},`),
          )
          return true
        },
      )
    }
  })

  it('is warned of when it lives in memory', async () => {
    const logger = new LineKeeper()

    await openTemporary(temporaryFolder(), { logger, fileSystemType: async () => 0x01021994 })

    assert.deepEqual(
      logger.lines.map(({ message }) => message),
      ['The log lies on tmpfs: it does not survive a restart of the machine.'],
    )
  })

  it('is warned of when machines may share it', async () => {
    for (const [type, name] of [
      [0x65735546, 'FUSE'],
      [0x01021997, '9P'],
    ] as const) {
      const logger = new LineKeeper()

      await openTemporary(temporaryFolder(), { logger, fileSystemType: async () => type })

      assert.deepEqual(
        logger.lines.map(({ message }) => message),
        [`The log lies on ${name}: if that is shared by machines, two of them could run one log.`],
      )
    }
  })

  it.skipIf(process.platform !== 'linux')('is asked of the kernel (Linux)', async () => {
    assert.equal(await fileSystemType('/proc'), 0x9fa0)
  })
})
