/**
 * codec: values as text that gives them back as they were. Plain JSON stays the JSON it is; dates, maps, bytes and
 * the like are tagged, classes are written by codecs that the application declares, and whatever would come back
 * changed is refused with its path. Reading runs no code but declared codecs. It does not compress, encrypt or keep anything.
 */
export { Codecs, type ValueCodec } from './codecs'
export { Fault } from './fault'
