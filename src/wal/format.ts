/**
 * The log on disk, format version 1, told with its reasons in migration-guide/wal.md. Numbers are little-endian, records start at multiples of 8.
 *
 *   <folder>/<lock kind>-<log id>/LOCK                    empty; locked by the owner for life (lock.ts)
 *   <folder>/<lock kind>-<log id>/0000000000000001.wal    segments, numbered upwards, deleted from the head
 *   <folder>/<lock kind>-<log id>/next                    a segment in the making; means nothing
 *   <folder>/removed-<log id>/                            an adopted log on its way out; safe to delete
 *   <folder>/turn-<lock kind>                             empty; locked while logs that nobody owns are taken (free-logs.ts)
 *   <folder>/quarantine/<log id>-<segment>-<offset>.bin   damaged bytes, kept aside
 *
 * A segment is a header, records back to back, then zeros (it has its full size before it is used).
 *
 *   segment header, 64 bytes                         record, 40 bytes + body, padded with zeros to 8
 *   at width                                         at width
 *    0  8   magic "RAGEWAL\n"                         0  u32  checksum
 *    8  u16 version                                   4  u32  length of the body
 *   10  u16 flags, 0                                  8  u8   role: 1 add, 2 note, 3 settle, 4 mark of the log
 *   12  u32 checksum of the header                   9  u8   type: the owner's (1-127), or a mark (128-)
 *   16  u64 segment number                           10  u8   flags: 1 more of this group follow
 *   24  16  log id                                              2 copied forward   4 adopted
 *   40  u32 salt                                     11  u8   0
 *   44  u32 0                                        12  u32  count
 *   48  f64 next sequence when it was begun          16  f64  sequence of the entry; 0 in a mark
 *   56  f64 created at, epoch ms                     24  f64  time
 *                                                    32  f64  origin: its sequence in the log it was adopted from
 *                                                    40  ...  body
 *
 * Checksums are CRC-32 (zlib). The header's covers its 64 bytes with the checksum taken as 0; where magic,
 * version and checksum lie, and how the latter is made, holds for every version. A record's covers
 * everything from `length` to the end of the body and starts from the salt of the segment, so bytes of
 * another segment never pass for records of this one. The salt is the CRC-32 of log id and segment number:
 * both are in the path, so records under a damaged header can still be checked.
 *
 * Reading. Zeros to the end: end of data. A record that fails its check and has no good one after it in the
 * last segment: a torn tail, cut off. One with good ones after it: damage, skipped and kept aside. A group
 * whose last record is missing is ignored. Records of an entry apply in the order they are read: `add` begins
 * it (again, when copied forward), `note` replaces the note, `settle` ends it; for an unknown entry the last
 * two mean nothing.
 *
 * Marks (the body is the id of the other log, 16 bytes; empty for closed):
 *   128 closed          the process ended in order
 *   129 adopting        adopted records follow; they count once `adopted` was read
 *   130 adopted         all entries of the other log are here; its folder can go
 *   131 not adopted     the adopted records since `adopting` do not count
 * An adoption that is still open at the end does not count if the other log's folder is there.
 */

export const formatVersion = 1
export const segmentHeaderBytes = 64
export const recordHeaderBytes = 40
export const magic = Buffer.from('RAGEWAL\n', 'latin1')
export const logIdBytes = 16

export const role = { add: 1, note: 2, settle: 3, mark: 4 } as const
export const recordFlag = { more: 1, copied: 2, adopted: 4 } as const
export const markType = { closed: 128, adopting: 129, adopted: 130, notAdopted: 131 } as const

/** Largest body of one record. */
export const maxBodyBytes = 64 * 1024 * 1024
/** Most bytes of one group, which lies in one segment: a location has room for segments of 2^31 bytes. */
export const maxGroupBytes = 256 * 1024 * 1024

/** Where a record lies, as one safe integer; never 0, since segments count from 1. */
export function locationOf(segment: number, offset: number): number {
  return segment * 2 ** 28 + offset / 8
}

export function segmentOf(location: number): number {
  return Math.floor(location / 2 ** 28)
}

export function offsetOf(location: number): number {
  return (location % 2 ** 28) * 8
}

export function segmentFileName(segment: number): string {
  return `${String(segment).padStart(16, '0')}.wal`
}

/** The segment number, or `null` if the file is none. */
export function segmentNumberOf(fileName: string): number | null {
  return /^\d{16}\.wal$/.test(fileName) ? Number(fileName.slice(0, 16)) : null
}

/** Bytes of a record on disk, padding included. */
export function recordBytes(bodyLength: number): number {
  return recordHeaderBytes + ((bodyLength + 7) & ~7)
}
