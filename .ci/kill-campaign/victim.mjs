/**
 * The process that is killed: enqueues jobs without pause and performs those of its log, its dead predecessors'
 * included. Writes a line per acknowledged job to `acked` and a line per performed one to `performed`, with calls that
 * hand the line to the kernel before they return: it then survives this process.
 *
 *     node victim.mjs FOLDER PREFIX      prints "ready"; job names begin with PREFIX
 *     node victim.mjs FOLDER             enqueues nothing
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRage, Task } from 'rage-js'

const [folder, prefix] = process.argv.slice(2)

class Note extends Task {
  static retryIn() {
    return 0
  }

  perform({ name }) {
    appendFileSync(join(folder, 'performed'), `${name}\n`)
  }
}

const rage = createRage({ root: folder, logger: { level: 'error' } })
rage.register(Note)
await rage.boot()
process.stdout.write('ready\n')

for (let count = 0; prefix !== undefined; count++) {
  await Promise.all([enqueue(`${prefix}-${count}`), enqueue(`${prefix}-${count}-later`, { delay: 0.2 })])
}

async function enqueue(name, options) {
  await Note.enqueue({ name }, options)
  appendFileSync(join(folder, 'acked'), `${name}\n`)
}
