import { join } from 'node:path'
import { CHECKOUT, loadConfig } from '../config.ts'
import { workflowBundle } from '../workflow-bundle.ts'

/*
 * Run while the image is built: makes the workflows' bundle that `./upi worker` will look for, so that no container
 * compiles anything or has to let what is in /tmp be executed.
 */
const [workflows, core] = [join(CHECKOUT, 'workflows'), join(CHECKOUT, 'core')]
const { cacheDir } = loadConfig()
await workflowBundle({ entry: join(workflows, 'index.ts'), sources: [workflows, core], cacheDir })
