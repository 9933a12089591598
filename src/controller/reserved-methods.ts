/** A helper named like a member of Controller would replace it, for callbacks and base classes too, in silence. */
import type { AnyClass } from '../kernel'
import { Controller } from './controller'
import { ReservedMethodError } from './errors'

/** Members that are there to be overridden. */
const hooks: readonly string[] = ['constructor', 'appendInfoToPayload']
/** Set on each instance, where they hide a method of that name. */
const fields: readonly string[] = ['req', 'res', 'actionName', 'rendered']

/** Looks at the class and its bases up to Controller. @throws ReservedMethodError */
export function refuseReservedMethods(type: AnyClass): void {
  for (let at = type.prototype; at !== null && at !== Controller.prototype; at = Object.getPrototypeOf(at)) {
    for (const method of Object.getOwnPropertyNames(at))
      if (isReserved(method)) throw new ReservedMethodError({ controller: at.constructor.name, method })
  }
}

function isReserved(name: string): boolean {
  return fields.includes(name) || (Object.hasOwn(Controller.prototype, name) && !hooks.includes(name))
}
