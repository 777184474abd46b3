import { manualSeed, nn, optim, rand } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeNet, makeOptimizer } from './nets.ts';
import { program } from './program.ts';
import type { TrainSettings } from './settings.ts';
import { architectures, defaults, optimizers, trainingOf } from './settings.ts';

/** What the program calls by this name. */
function shown(settings: TrainSettings, name: 'net' | 'optimizer', net?: nn.Module): unknown {
  const [, source] = new RegExp(`^const ${name} = (new .*?\\));$`, 'ms').exec(program(settings)) ?? [];
  return new Function('nn', 'optim', 'net', `return ${source}`)(nn, optim, net);
}

const settingsOf = (given: Partial<TrainSettings>): TrainSettings => ({ ...trainingOf(defaults), ...given });

test('the network that the program shows is the one that the page trains', () => {
  for (const { value: architecture } of architectures) {
    for (const width of [1, 2, 4]) {
      for (const dropout of [0, 0.5]) {
        const settings = settingsOf({ architecture, width, dropout });
        const x = rand(3, 1, 8, 8);
        manualSeed(7);
        const ours = makeNet(settings).eval();
        manualSeed(7);
        const theirs = (shown(settings, 'net') as nn.Sequential).eval();
        assert.is(String(ours(x)), String(theirs(x)), JSON.stringify(settings));
        assert.is(program(settings).includes('nn.Dropout(0.5)'), dropout > 0 && architecture !== 'linear');
      }
    }
  }
});

test('so is the optimiser', () => {
  for (const { value: optimizer } of optimizers) {
    for (const decay of [0, 0.01]) {
      const settings = settingsOf({ architecture: 'linear', optimizer, decay, rate: 0.03 });
      const net = makeNet(settings);
      const ours = makeOptimizer(net, settings);
      const theirs = shown(settings, 'optimizer', net) as typeof ours;
      assert.equal(
        { ...theirs.paramGroups[0], params: 0 },
        { ...ours.paramGroups[0], params: 0 },
        JSON.stringify(settings),
      );
    }
  }
});

test.run();
