"use strict";
// The arithmetic of the drawing pad: 280 x 280 pixels of ink become 28 x 28, and the
// networks of lessons 29 and 38 turn these into ten numbers each, with the weights that
// the lessons saved. A picture is {data, shape: [channels, height, width]}.

const layers = {
  linear({ weight, bias }, { data }) {
    const out = new Float32Array(bias.length), n = data.length;
    for (let i = 0; i < out.length; i++) {
      let sum = bias[i];
      for (let j = 0; j < n; j++) sum += weight[i * n + j] * data[j];
      out[i] = sum;
    }
    return { data: out, shape: [out.length, 1, 1] };
  },
  conv({ weight, bias, kernel, stride, padding }, { data, shape: [c, h, w] }) {
    const size = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
    const shape = [bias.length, size(h), size(w)], out = [];
    for (let o = 0; o < shape[0]; o++)
      for (let y = 0; y < shape[1]; y++)
        for (let x = 0; x < shape[2]; x++) {
          let sum = bias[o];
          for (let i = 0; i < c; i++)
            for (let u = 0; u < kernel; u++)
              for (let v = 0; v < kernel; v++) {
                const row = y * stride + u - padding, column = x * stride + v - padding;
                const inside = row >= 0 && row < h && column >= 0 && column < w;
                const place = ((o * c + i) * kernel + u) * kernel + v;
                if (inside) sum += weight[place] * data[(i * h + row) * w + column];
              }
          out.push(sum);
        }
    return { data: Float32Array.from(out), shape };
  },
  relu({ slope }, { data, shape }) {
    return { data: data.map((v) => (v > 0 ? v : slope * v)), shape };
  },
};
function softmax(logits) {
  const most = Math.max(...logits), powers = [...logits].map((v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}

// Through all layers; keeps what the first activation gives, to be looked at.
function run(net, image) {
  let x = { data: image.map((v) => (v - 0.1307) / 0.3081), shape: [1, 28, 28] };
  let first = null;
  for (const layer of net) {
    x = layers[layer.type](layer, x);
    if (layer.type === "relu") first ??= x;
  }
  return { logits: x.data, first };
}

// The file that docs/digits.py writes: the length of a description in JSON, that
// description, the weights as 16-bit numbers with a factor a tensor, ten test digits.
async function load(url) {
  const file = await (await fetch(url)).arrayBuffer();
  const length = new DataView(file).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
  const tensor = ({ start, size, factor }) =>
    Float32Array.from(new Int16Array(file, 4 + length + start, size), (v) => v * factor);
  for (const net of Object.values(about.nets))
    for (const layer of net)
      if (layer.weight) {
        layer.weight = tensor(layer.weight);
        layer.bias = tensor(layer.bias);
      }
  about.digits = about.digits.map((start) => new Uint8Array(file, 4 + length + start, 784));
  return about;
}

// The mean of the ink in each of 28 x 28 squares. As MNIST's makers did it, the squares
// are as large as makes the drawing 20 of them long, and its centre of mass lies in the
// middle of square 14; not prepared, they divide the paper evenly.
function shrink(rgba, prepare) {
  const at = (x, y) => (x < 0 || y < 0 || x > 279 || y > 279 ? 0 : rgba[4 * (280 * y + x)]);
  let [left, top, right, bottom, mass, massX, massY] = [280, 280, 0, 0, 0, 0, 0];
  for (let y = 0; y < 280; y++)
    for (let x = 0; x < 280; x++) {
      const value = at(x, y);
      if (value === 0) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  let [side, x0, y0] = [10, 0, 0];
  if (prepare && mass > 0) {
    side = Math.max(right - left + 1, bottom - top + 1) / 20;
    [x0, y0] = [massX / mass - 14.5 * side, massY / mass - 14.5 * side];
  }
  const out = new Float32Array(784);
  for (let i = 0; i < 784; i++) {
    const [x1, y1] = [x0 + (i % 28) * side, y0 + Math.floor(i / 28) * side];
    for (let y = Math.floor(y1); y < y1 + side; y++)
      for (let x = Math.floor(x1); x < x1 + side; x++) {
        const wide = Math.min(x + 1, x1 + side) - Math.max(x, x1);
        const high = Math.min(y + 1, y1 + side) - Math.max(y, y1);
        out[i] += (at(x, y) * wide * high) / (255 * side * side);
      }
  }
  return out;
}
