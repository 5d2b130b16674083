import { describe } from 'node:test';
import { mongodbHarness } from '../support/mongodb-harness.ts';
import { registerGroupDrawTests } from './register-group-draw-tests.ts';
import { registerCooldownTests } from './register-cooldown-tests.ts';
import { registerKeyStateTests } from './register-key-state-tests.ts';
import { registerSettlingTests } from './register-settling-tests.ts';
import { registerOutcomeTests } from './register-outcome-tests.ts';
describe('x', { concurrency: 1 }, () => { for (let i = 0; i < 3; i++) registerGroupDrawTests('M', mongodbHarness); for (const r of [registerCooldownTests, registerKeyStateTests, registerSettlingTests, registerOutcomeTests]) r('M', mongodbHarness); });
