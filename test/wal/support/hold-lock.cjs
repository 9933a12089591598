/** Takes the lock of the folder argv[2] by the way argv[3], prints `held` or `busy`, and stays until killed. */
const { findLockWays, LogLock } = require(`${process.env.RAGE_SOURCES}/wal/lock.js`)

const [, , folder, name] = process.argv
const lock = LogLock.take(folder, findLockWays([name])[0])
console.log(lock === null ? 'busy' : 'held')
setInterval(() => {}, 1000)
