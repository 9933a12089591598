/**
 * An app that takes uploads into the folder argv[2], with its other files in argv[3]. Prints its port, and a line for
 * each upload that reached an action. Ends by being killed.
 */
const { join } = require('node:path')
const { writeSync } = require('node:fs')
const { Controller, createRage } = require(join(__dirname, '../../../dist/src/index.js'))

const [, , folder, storage] = process.argv
// Straight to the pipe: what is printed must not be lost with the process.
const print = (line) => writeSync(1, `${line}\n`)

class UploadsController extends Controller {
  create() {
    print('reached the action')
    return { bytes: this.params.file.size }
  }
}

const rage = createRage({ storage, http: { uploads: { folder } }, logger: { level: 'silent' } })
rage.routes((r) => r.post('/uploads', [UploadsController, 'create']))
rage.listen(0, '127.0.0.1').then(({ port }) => print(`port ${port}`))
