/** Where in the user's code something was declared, as `file:line`, for messages and the route list. */
import { relative } from 'node:path'

const ownFolder = __dirname.replace(/[\\/](src|dist[\\/]src)[\\/]kernel$/, '')
const ownCode = /[\\/](src|adapters)[\\/]/

/** The first frame outside of rage-js, relative to the working directory; `unknown` when there is none. */
export function callSite(): string {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 30
  Error.captureStackTrace(holder, callSite)
  Error.stackTraceLimit = limit
  for (const line of (holder.stack ?? '').split('\n').slice(1)) {
    const found = /(?:\(|at (?:async )?)(?:file:\/\/)?([^()\s]+):(\d+):\d+\)?$/.exec(line)
    if (found === null) continue
    const [, file, row] = found as unknown as [string, string, string]
    if (file.startsWith('node:') || isOwn(file)) continue
    return `${relative(process.cwd(), file)}:${row}`
  }
  return 'unknown'
}

function isOwn(file: string): boolean {
  if (!file.startsWith(ownFolder)) return false
  const rest = file.slice(ownFolder.length)
  return (
    ownCode.test(rest.slice(0, rest.lastIndexOf('/') + 1)) && !/[\\/](test|examples|bench)[\\/]/.test(rest)
  )
}
