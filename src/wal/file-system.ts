/**
 * What kind of file system a folder lies on. Those of the network are refused: their locks are kept by a server or
 * not at all, come undone when it restarts, and let machines share a folder whose logs are meant for one. FUSE and 9P are
 * warned of: behind them are sshfs and GlusterFS, but also the local folders of Docker Desktop, WSL and gVisor. Known by number
 * on Linux only; elsewhere nothing is refused.
 */
import { statfs } from 'node:fs/promises'
import { NetworkFileSystemError } from './errors'
import type { LogSettings } from './settings'

/** Magic numbers of statfs(2). */
const ofNetwork: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4266872130: 'SMB 2',
  4283649346: 'CIFS',
  1397113167: 'AFS',
  1799439955: 'AFS',
  1937076805: 'Coda',
  22092: 'NCP',
  12805120: 'CephFS',
  198183888: 'Lustre',
  1196443219: 'GPFS',
  1952539503: 'OCFS2',
}
const perhapsOfNetwork: Readonly<Record<number, string>> = { 1702057286: 'FUSE', 16914839: '9P' }
const inMemory: Readonly<Record<number, string>> = { 16914836: 'tmpfs', 2240043254: 'ramfs' }

export type FileSystemType = (folder: string) => Promise<number>

export const fileSystemType: FileSystemType = async (folder) => {
  if (process.platform !== 'linux') return 0
  // Node answers a signed number where the kernel's is one.
  return (await statfs(folder)).type >>> 0
}

/** @throws NetworkFileSystemError */
export async function refuseNetworkFileSystem(
  { folder, logger }: LogSettings,
  typeOf: FileSystemType,
): Promise<void> {
  const type = await typeOf(folder)
  const fileSystem = ofNetwork[type]
  if (fileSystem !== undefined) throw new NetworkFileSystemError({ folder, fileSystem })
  const unknown = perhapsOfNetwork[type]
  if (unknown !== undefined)
    logger.warn(
      { folder },
      `The log lies on ${unknown}: if that is shared by machines, two of them could run one log.`,
    )
  const memory = inMemory[type]
  if (memory !== undefined)
    logger.warn({ folder }, `The log lies on ${memory}: it does not survive a restart of the machine.`)
}
