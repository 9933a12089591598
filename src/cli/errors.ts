/** Errors of the command line. */
import { defineError } from '../kernel'

/** The command line cannot be understood. */
export class UsageError extends defineError('RAGE_CLI_USAGE', {
  what: (f: { problem: string; command?: string }) => `${f.problem}.`,
  fix: (f) => `Run "rage ${f.command ?? 'jobs'} --help" for the commands and their options.`,
}) {}

/** The folder given as storage does not exist, or holds no jobs. */
export class NoStorageError extends defineError('RAGE_CLI_NO_STORAGE', {
  what: (f: { storage: string }) => `There are no jobs in "${f.storage}", and no process serves it.`,
  fix: 'Give the storage folder of the application with --storage.',
}) {}

/** A process owns a log of the folder, and cannot be spoken to. */
export class StorageInUseError extends defineError('RAGE_CLI_STORAGE_IN_USE', {
  what: (f: { storage: string; log: string }) =>
    `A process owns the log ${f.log} in "${f.storage}", but listens on no socket there.`,
  fix: 'Stop it first, or wait until it has booted; run this command as the user it runs as.',
}) {}

/** The logs belong to another user, and what this command would write there that user could not open. */
export class OtherUserError extends defineError('RAGE_CLI_OTHER_USER', {
  what: (f: { storage: string; owner: number; user: number }) =>
    `The jobs in "${f.storage}" belong to user ${f.owner}, and this command runs as user ${f.user}.`,
  fix: 'Run it as the user of the application, such as with "docker exec --user" or "sudo --user"; nothing was changed.',
}) {}

/** The disk had no room for what the command has done. */
export class DiskFullError extends defineError('RAGE_CLI_DISK_FULL', {
  what: (f: { storage: string }) =>
    `The disk of "${f.storage}" is full: not all that was done could be written down.`,
  fix: 'Free space and run the command again: jobs that an engine has already are not added twice.',
}) {}

/** What was asked for needs a process that runs, or one that does not. */
export class WrongMomentError extends defineError('RAGE_CLI_WRONG_MOMENT', {
  what: (f: { command: string; needs: string }) => `"rage jobs ${f.command}" needs ${f.needs}.`,
  fix: 'See migration-guide/cli.md for what works when.',
}) {}

/** A process of the folder did not do what it was asked. */
export class ProcessError extends defineError('RAGE_CLI_PROCESS', {
  what: (f: { socket: string; reason: string }) => `The process at "${f.socket}" answered: ${f.reason}.`,
  fix: 'Look at its log. A process of an older version knows fewer commands.',
}) {}

/** No job has this id, or it is in no state that allows this. */
export class JobNotFoundError extends defineError('RAGE_CLI_NO_JOB', {
  what: (f: { id: string; command: string }) => `There is no job ${f.id} that could be ${f.command}.`,
  fix: 'Run "rage jobs list" for the jobs there are. Only dead jobs are retried.',
}) {}

/** What was asked is known by a process that runs, and none does. */
export class NoProcessError extends defineError('RAGE_CLI_NO_PROCESS', {
  what: (f: { storage: string; command: string }) =>
    `No process of "${f.storage}" runs that "rage ${f.command}" could ask.`,
  fix: 'Start the application, as the same user, or give its storage folder with --storage.',
}) {}

/** No event class of this name is known to any of the processes. */
export class NoEventError extends defineError('RAGE_CLI_NO_EVENT', {
  what: (f: { event: string; hint: string }) => `There is no event "${f.event}".${f.hint}`,
  fix: 'Known are events that subscribers name, that were declared, and that were published since the start.',
}) {}
