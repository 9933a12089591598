/**
 * An application that enqueues what it is told to and answers what came of it, until it is killed:
 *
 *     { enqueue: [args, options] }    the handle
 *     { pause: queue }                true
 *     { stats: true }                 its figures, with `ran`: the arguments of all jobs that ran in this process
 *
 *     node placing-child.mjs <dist/src> <folder>
 */
import { createRequire } from 'node:module'

const [, , dist, folder] = process.argv
const { createRage, Task } = createRequire(import.meta.url)(dist)

const ran = []

class Note extends Task {
  perform(args) {
    ran.push(args)
  }
}

const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
rage.register(Note)
await rage.boot()
process.on('message', async ({ enqueue, pause }) => {
  if (enqueue !== undefined) process.send(await Note.enqueue(...enqueue))
  else if (pause !== undefined) process.send(await rage.deferred.pause(pause).then(() => true))
  else process.send({ ...rage.deferred.stats(), ran })
})
process.send('ready')
