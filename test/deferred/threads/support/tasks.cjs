/** Tasks that run on threads, as an application in CommonJS has them. Required by the tests and by the threads. */
const { writeSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { isMainThread, threadId } = require('node:worker_threads')
const { createRage, Task } = require('rage-js')

class OnThread extends Task {
  static thread = __filename
  static retries = 0
  static keepResults = 60
}

class Double extends OnThread {
  perform({ number, at }, { id, attempt, queue, retries }) {
    return { isMainThread, double: number * 2, at, id, attempt, queue, retries }
  }
}

class Unkept extends OnThread {
  perform({ throws }) {
    if (!throws) return { at: { save() {} } }
    return Object.defineProperty({}, 'bad', {
      enumerable: true,
      get() {
        throw new Error('a getter')
      },
    })
  }
}

class Fails extends OnThread {
  perform() {
    throw Object.assign(new RangeError('out of range', { cause: new Error('why') }), {
      code: 'E_RANGE',
      at: new Date(0),
    })
  }
}

class Exits extends OnThread {
  perform({ how }) {
    if (how === 'exit') process.exit(3)
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
    return new Promise(() => {})
  }
}

class EatsMemory extends OnThread {
  perform() {
    const hoard = []
    for (;;) hoard.push(new Array(1_000_000).fill(hoard.length))
  }
}

/** Computes until its signal is aborted, without ever yielding. */
class Computes extends OnThread {
  static timeout = 0.2

  perform({ file }, { signal }) {
    while (!signal.aborted);
    writeSync(file, `aborted: ${signal.reason.message}\n`)
  }
}

/** Computes, whatever its signal says. */
class NeverEnds extends OnThread {
  static timeout = 0.2

  perform() {
    for (;;);
  }
}

class Waits extends OnThread {
  async perform({ ms }, { progress }) {
    progress({ threadId })
    await new Promise((resolve) => setTimeout(resolve, ms))
    return threadId
  }
}

class Logs extends OnThread {
  async perform({ file }) {
    const { logger } = createRage({
      logger: { level: 'info', format: 'json', destination: { write: (line) => writeSync(file, line) } },
    })
    await Promise.resolve()
    logger.info('from the thread')
  }
}

class Enqueues extends OnThread {
  perform() {
    return Double.enqueue({ number: 1 })
  }
}

class Reports extends OnThread {
  perform(what, { progress }) {
    progress(what === 'large' ? 'x'.repeat(70_000) : 5n)
  }
}

class Asks extends OnThread {
  perform(_args, job) {
    if (job.attempt === 1 && !process.env.RAGE_TEST_ASKED) {
      process.env.RAGE_TEST_ASKED = '1'
      job.rateLimit(0)
    }
    return 'done'
  }
}

/** Performed by its namesake in an ES module. */
class Triple extends OnThread {
  static thread = pathToFileURL(join(__dirname, 'tasks.mjs')).href

  perform() {}
}

/** Not exported. */
class Hidden extends OnThread {
  perform() {}
}

module.exports = {
  Asks,
  Computes,
  Double,
  EatsMemory,
  Enqueues,
  Exits,
  Fails,
  Logs,
  NeverEnds,
  Reports,
  Triple,
  Unkept,
  Waits,
}
module.exports.hidden = () => Hidden
