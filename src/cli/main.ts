#!/usr/bin/env node
/** The program `rage`. */
import { runCommand } from './run'

runCommand(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
