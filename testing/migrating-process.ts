/* A process that migrates the database of its argument, and prints as JSON which migrations it ran. */
import { migrate } from '../src/vault';

void migrate(process.argv[2]!).then((ran) => process.stdout.write(JSON.stringify(ran)));
