import { loadConfig } from '../config.ts'
import { workflowBundle } from '../workflow-bundle.ts'

/*
 * Run while the image is built: makes the workflows' bundle that `./upi worker` will look for, so that no container
 * compiles anything or has to let what is in /tmp be executed.
 */
await workflowBundle(loadConfig())
