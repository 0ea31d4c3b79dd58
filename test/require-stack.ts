import { inject } from 'vitest'

// Without servers each file that needs them fails with the reason; the others run all the same.
const fault = inject('stackFault')
if (fault !== undefined) throw new Error(fault)
