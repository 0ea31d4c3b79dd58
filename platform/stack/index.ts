/** The face of the local stack: everything that the rest of the platform may use of it. */
export { addressText, type StackAddresses, stackAddresses } from './addresses.ts'
export { dataFolder, dataOwner } from './data-folder.ts'
export { setDebug } from './debug-part.ts'
export { doctorFindings, type Finding } from './doctor.ts'
export { waitReady, watchStack } from './follow.ts'
export { logFile } from './home.ts'
export type {
  ExternalKafka,
  ExternalServers,
  ProcessSpec,
  ServerName,
  StackOptions,
  StackSecrets,
  WatcherName,
  Watchers,
} from './options.ts'
export { WATCHER_NAMES } from './options.ts'
export { isStopped } from './process-table.ts'
export { type Resources, resourcesOf } from './resources.ts'
export {
  REGISTRY_API_PATH,
  STACK_VERSIONS,
  TEMPORAL_NAMESPACE,
} from './settings.ts'
export { type Started, startStack } from './start.ts'
export {
  type ComponentPhase,
  type ComponentState,
  type Failure,
  isOver,
  type Phase,
  readState,
  type StackState,
} from './state.ts'
export { stopStack, wipe } from './stop.ts'
