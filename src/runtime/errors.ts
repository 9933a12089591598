/** Errors of the runtime. */
import { defineError } from '../kernel'

/** A request for an owned route arrived, but the runtime could not boot. */
export class BootFailedError extends defineError('RAGE_RUNTIME_BOOT_FAILED', {
  status: 503,
  what: (f: { reason: string }) => `The runtime could not boot: ${f.reason}`,
  fix: 'See the cause. Routes that are not owned are still served; call await rage.boot() at start-up to fail early.',
}) {}

/** A request for an owned route arrived while the runtime drains or after it stopped. */
export class UnavailableError extends defineError('RAGE_RUNTIME_UNAVAILABLE', {
  status: 503,
  what: (f: { phase: string }) => `The runtime is ${f.phase} and takes no more requests.`,
  fix: 'Try again: another process, or this one after its restart, will answer.',
}) {}

/** A route names a controller by string, and no registered controller has that name. */
export class UnknownControllerError extends defineError('RAGE_RUNTIME_UNKNOWN_CONTROLLER', {
  what: (f: { target: string; where: string; hint: string }) =>
    `The route at ${f.where} names "${f.target}", which is not registered.${f.hint}`,
  fix: 'Call rage.register(TheController), or use [TheController, "action"] as target.',
}) {}

/** Standalone: no owned route matches the path. */
export class RouteNotFoundError extends defineError('RAGE_RUNTIME_ROUTE_NOT_FOUND', {
  status: 404,
  what: (f: { method: string; path: string }) => `No route answers ${f.method} ${f.path}.`,
  fix: 'Check the path; rage.routeList() names the routes there are.',
}) {}

/** Standalone: the path is owned, but not for this method. */
export class MethodNotAllowedError extends defineError('RAGE_RUNTIME_METHOD_NOT_ALLOWED', {
  status: 405,
  what: (f: { method: string; path: string; allow: string }) => `${f.path} does not answer ${f.method}.`,
  fix: (f) => `Use one of ${f.allow}.`,
}) {}

/** Standalone: the path holds an escape that is none, such as `%zz`. */
export class MalformedUrlError extends defineError('RAGE_RUNTIME_MALFORMED_URL', {
  status: 400,
  what: (f: { path: string }) => `The path ${f.path} cannot be decoded.`,
  fix: 'Encode each part of the path with encodeURIComponent.',
}) {}

/** `rage.fetch()` was to change something elsewhere, in a unit of work whose effects are only recorded. */
export class FetchStoppedError extends defineError('RAGE_RUNTIME_FETCH_STOPPED', {
  what: (f: { method: string; address: string }) =>
    `${f.method} ${f.address} was not sent: this unit of work may not change anything outside of it, and a request cannot be sent later, as its caller waits for the response.`,
  fix: 'Enqueue a job that sends it, which is recorded like other effects, or send it from code that is not run here. GET, HEAD and OPTIONS are sent.',
}) {}

/** `rage.listen()` could not have its port. */
export class ListenError extends defineError('RAGE_RUNTIME_LISTEN', {
  what: (f: { port: number; host: string; reason: string }) =>
    `The server cannot listen on ${f.host === '' ? '' : `${f.host}:`}${f.port}: ${f.reason}.`,
  fix: 'Stop the process that has the port, or choose another one; port 0 takes any that is free.',
}) {}

/** `rage.load()` was given something other than a folder with files to load. */
export class FolderNotLoadedError extends defineError('RAGE_RUNTIME_FOLDER_NOT_LOADED', {
  what: (f: { folder: string; reason: string }) => `The folder "${f.folder}" was not loaded: ${f.reason}.`,
  fix: 'Give a folder of classes, absolute or below the "root" of createRage; of a TypeScript project, the compiled one.',
}) {}

/** A file of a folder given to `rage.load()` threw when it was loaded, or a class of it was refused. */
export class FileNotLoadedError extends defineError('RAGE_RUNTIME_FILE_NOT_LOADED', {
  what: (f: { file: string; reason: string }) => `"${f.file}" was not loaded: ${f.reason}`,
  fix: 'See the cause, which has the place in the file.',
}) {}

/** A file of a folder given to `rage.load()` was not through within `loadFileMs`. */
export class FileLoadTimeoutError extends defineError('RAGE_RUNTIME_FILE_LOAD_TIMEOUT', {
  what: (f: { file: string; timeoutMs: number }) =>
    `"${f.file}" was still loading after ${f.timeoutMs} ms: an await at its top level, or in a module that it imports, does not end.`,
  fix: 'Do that work where it is needed (in perform, call or an action), or give it a time limit of its own. If it only takes long, raise loadFileMs of createRage.',
}) {}

/** A file of a folder given to `rage.load()` has no class for the runtime. */
export class NothingToRegisterError extends defineError('RAGE_RUNTIME_NOTHING_TO_REGISTER', {
  what: (f: { file: string; names: readonly string[] }) =>
    `"${f.file}" exports ${f.names.length === 0 ? 'nothing' : `${f.names.join(', ')}, nothing of which can be registered`}.`,
  fix: 'Export a class that extends Task, Subscriber, Channel, Connection, Controller, CurrentAttributes or TelemetryHandler, or move the file out of the folder. Event classes are not registered.',
}) {}
