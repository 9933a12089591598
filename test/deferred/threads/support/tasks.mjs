/** A task that runs on threads, as an application in ES modules has it. */
import { isMainThread } from 'node:worker_threads'
import { Task } from 'rage-js'

export default class Triple extends Task {
  static thread = import.meta.url
  static keepResults = 60

  perform(number) {
    return { isMainThread, triple: number * 3 }
  }
}
