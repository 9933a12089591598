/** Errors of the kernel: options, registries, lifecycle, bindings. */
import { inspect } from 'node:util'
import { defineError } from './define-error'

/** Options hold addresses of databases, and errors stand in logs. */
const passwords = /(\/\/[^/?#@:\s'"]*:)[^/?#@\s'"]+@/g

function shown(given: unknown): string {
  return inspect(given, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).replace(
    passwords,
    '$1[Redacted]@',
  )
}

/** An option that does not exist was given. */
export class UnknownOptionError extends defineError('RAGE_KERNEL_UNKNOWN_OPTION', {
  what: (f: { option: string; hint: string }) => `There is no option "${f.option}".${f.hint}`,
  fix: 'Remove it or correct its name; migration-guide/ lists every option.',
}) {}

/** An option has a value of the wrong type or out of range. */
export class InvalidOptionError extends defineError('RAGE_KERNEL_INVALID_OPTION', {
  what: (f: { option: string; expected: string; given: unknown }) =>
    `Option "${f.option}" must be ${f.expected}, got ${shown(f.given)}.`,
  fix: 'Correct the value or leave the option out to use its default.',
}) {}

/** Two different classes or values were registered under one name. */
export class DuplicateNameError extends defineError('RAGE_KERNEL_DUPLICATE_NAME', {
  what: (f: { kind: string; name: string }) => `Two ${f.kind}s are named "${f.name}".`,
  fix: 'Rename one of them: the name identifies it in logs, routes and stored jobs.',
}) {}

/** Something was registered after the runtime had booted. */
export class RegistrationClosedError extends defineError('RAGE_KERNEL_REGISTRATION_CLOSED', {
  what: (f: { kind: string; name: string }) => `The ${f.kind} "${f.name}" was registered after boot.`,
  fix: 'Register it before rage.boot() or the first request: what is compiled at boot does not change later.',
}) {}

/** A class was handed to `rage.register` that no part of the runtime knows. */
export class NotRegistrableError extends defineError('RAGE_KERNEL_NOT_REGISTRABLE', {
  what: (f: { given: string }) => `rage.register() cannot use ${f.given}.`,
  fix: 'Pass classes that extend Task, Subscriber, Channel, Connection, Controller, CurrentAttributes or TelemetryHandler.',
}) {}

/** A class method that needs a runtime was called, and no runtime has the class registered. */
export class NotRegisteredError extends defineError('RAGE_KERNEL_NOT_REGISTERED', {
  what: (f: { kind: string; name: string }) => `The ${f.kind} "${f.name}" belongs to no running runtime.`,
  fix: (f) => `Call rage.register(${f.name}) before rage.boot().`,
}) {}

/** A class is registered with several runtimes, and the call was made outside any of them. */
export class AmbiguousRuntimeError extends defineError('RAGE_KERNEL_AMBIGUOUS_RUNTIME', {
  what: (f: { kind: string; name: string; runtimes: number }) =>
    `The ${f.kind} "${f.name}" is registered with ${f.runtimes} runtimes, and this call is inside none of them.`,
  fix: 'Make the call inside a request or job, or wrap it in rage.run(() => ...).',
}) {}

/** A service or runtime was used in a phase that does not allow it. */
export class LifecycleError extends defineError('RAGE_KERNEL_LIFECYCLE', {
  status: 503,
  what: (f: { name: string; phase: string; wanted: string }) =>
    `"${f.name}" is ${f.phase} and cannot ${f.wanted}.`,
  fix: 'The order is boot, serve, drain, stop; a stopped runtime is not started again: create a new one.',
}) {}

/** Something was used that needs a package which is not installed. */
export class MissingPackageError extends defineError('RAGE_KERNEL_MISSING_PACKAGE', {
  what: (f: { feature: string; packages: string }) =>
    `${f.feature} needs packages that are not installed: ${f.packages}.`,
  fix: (f) => `Run "npm install ${f.packages}".`,
}) {}
