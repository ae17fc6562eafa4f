/* What follows is the same for every network. */

/* How far each layer is: rows of its input that are there or were; and rows of its output that a convolution has made, or rows of
 * its input that any other layer has taken. */
typedef struct {
    int32_t received;
    int32_t done;
} progress;

/* Rows of maps, and sums. A row is made as soon as the rows that it needs are there, so no map is here whole. */
static struct {
    int32_t sums[SUMS];
    uint8_t rows[ROWS];
} memory;

/* sum * multiplier * 2^(shift - 31), rounded to the nearest integer, halves upwards, and clamped to 32 bits: TensorFlow Lite's
 * MultiplyByQuantizedMultiplier with TFLITE_SINGLE_ROUNDING. */
static int32_t multiply(int32_t sum, uint32_t channel)
{
    int32_t bits = 31 - shift[channel];
    int64_t product = (int64_t)sum * multiplier[channel] + ((int64_t)1 << (bits - 1));
    /* What the right shift of a negative number is, C leaves to the compiler. */
    int64_t rounded = product < 0 ? ~(~product >> bits) : product >> bits;
    if (rounded > INT32_MAX) {
        return INT32_MAX;
    }
    return rounded < INT32_MIN ? INT32_MIN : (int32_t)rounded;
}

static uint8_t activation(const layer *it, uint32_t output, int32_t sum)
{
    int32_t value = multiply(sum, it->channel + output);
    if (value < -(int32_t)it->zero) {
        return 0;
    }
    return value > 255 - (int32_t)it->zero ? 255 : (uint8_t)(value + it->zero);
}

/* A row of a layer's input; the first layer reads the image. Null above and below the map. */
static const uint8_t *input_row(const layer *it, const uint8_t *image, int32_t row)
{
    const uint8_t *window = it == layers ? image : memory.rows + it->window;
    if (row < 0 || row >= (int32_t)it->side) {
        return 0;
    }
    return window + (uint32_t)row % it->held * it->side * it->channels;
}

/* Where a row of a layer's output goes: the window of the next layer. */
static uint8_t *output_row(const layer *it, int32_t row)
{
    const layer *next = it + 1;
    return memory.rows + next->window + (uint32_t)row % next->held * next->side * next->channels;
}

/* A sum of at least one product. Values lie a step apart; a step of 0 takes the same one again. */
static int32_t products(const int8_t *weight, const uint8_t *value, uint32_t step, uint32_t count)
{
    uint32_t index = 0;
    int32_t sum = 0;
    do {
        sum += *weight++ * value[index];
        index += step;
    } while (--count > 0);
    return sum;
}

/* What a row of an output's kernel sums up on a row of the input, from a column on. Beyond the ends is padding. */
static int32_t kernel_sum(const layer *it, uint32_t output, uint32_t tap, const uint8_t *row, int32_t column)
{
    const int8_t *weight = weights + it->weights + (output * it->kernel + tap) * it->kernel * it->inputs;
    uint32_t first = output / it->outputs * it->inputs;
    int32_t end = column + (int32_t)it->kernel;
    int32_t side = (int32_t)it->side;
    int32_t sum = 0;
    while (column < end) {
        uint32_t count = it->inputs;
        int32_t next = column + 1;
        if (row && column >= 0 && column < side) {
            uint32_t step = it->inputs == 1 ? it->channels : 1;
            /* Unless values of other groups lie between, all columns are one sum. */
            if (it->inputs == 1 || it->inputs == it->channels) {
                next = end < side ? end : side;
                count *= (uint32_t)(next - column);
            }
            sum += products(weight, row + (uint32_t)column * it->channels + first, step, count);
        } else {
            sum += products(weight, &it->padding_value, 0, count);
        }
        weight += count;
        column = next;
    }
    return sum;
}

/* The sum of a row of one channel. */
static int32_t channel_sum(const layer *it, uint32_t channel, const uint8_t *row)
{
    int32_t sum = 0;
    uint32_t column;
    for (column = 0; column < it->side; ++column) {
        sum += row[column * it->channels + channel];
    }
    return sum;
}

/* Each of these makes a row of a layer's output if the rows that it needs are there, and returns whether it does. */

static int convolve(const layer *it, progress *now, const uint8_t *image)
{
    int32_t top = now->done * (int32_t)it->stride - (int32_t)it->padding;
    int32_t needed = top + (int32_t)it->kernel;
    uint32_t x, output, tap;
    uint8_t *to;
    if (needed > (int32_t)it->side) {
        needed = (int32_t)it->side;
    }
    if (now->done == (int32_t)it[1].side || now->received < needed) {
        return 0;
    }
    to = output_row(it, now->done);
    for (x = 0; x < it[1].side; ++x) {
        int32_t left = (int32_t)(x * it->stride) - (int32_t)it->padding;
        for (output = 0; output < it[1].channels; ++output) {
            int32_t sum = bias[it->channel + output];
            for (tap = 0; tap < it->kernel; ++tap) {
                sum += kernel_sum(it, output, tap, input_row(it, image, top + (int32_t)tap), left);
            }
            *to++ = activation(it, output, sum);
        }
    }
    ++now->done;
    return 1;
}

static int max_pool(const layer *it, progress *now, const uint8_t *image)
{
    while (now->done < now->received) {
        int32_t row = now->done++;
        int32_t tap = row % (int32_t)it->kernel;
        const uint8_t *from = input_row(it, image, row);
        uint32_t x, channel;
        uint8_t *to;
        if (row / (int32_t)it->kernel >= (int32_t)it[1].side) {
            continue;
        }
        to = output_row(it, row / (int32_t)it->kernel);
        for (x = 0; x < it[1].side * it->kernel; ++x) {
            for (channel = 0; channel < it->channels; ++channel) {
                uint8_t value = *from++;
                uint8_t *largest = to + x / it->kernel * it->channels + channel;
                if ((tap == 0 && x % it->kernel == 0) || value > *largest) {
                    *largest = value;
                }
            }
        }
        if (tap + 1 == (int32_t)it->kernel) {
            return 1;
        }
    }
    return 0;
}

/* Fully connected layers and means: a sum over the whole map for each output. */
static int sum_map(const layer *it, progress *now, const uint8_t *image, uint32_t outputs)
{
    while (now->done < now->received) {
        int32_t row = now->done++;
        const uint8_t *from = input_row(it, image, row);
        uint32_t output;
        for (output = 0; output < outputs; ++output) {
            int32_t *sum = memory.sums + output;
            if (row == 0) {
                *sum = bias[it->channel + output];
            }
            if (it->operation == MEAN) {
                *sum += channel_sum(it, output, from);
            } else {
                *sum += kernel_sum(it, output, (uint32_t)row, from, 0);
            }
        }
        if (now->done < (int32_t)it->side) {
            continue;
        }
        for (output = 0; output < outputs; ++output) {
            if (it == layers + LAYERS - 1) {
                memory.sums[output] = multiply(memory.sums[output], it->channel + output);
            } else {
                output_row(it, 0)[output] = activation(it, output, memory.sums[output]);
            }
        }
        return 1;
    }
    return 0;
}

static int make_row(const layer *it, progress *now, const uint8_t *image)
{
    switch (it->operation) {
    case CONVOLUTION:
        return convolve(it, now, image);
    case MAX_POOL:
        return max_pool(it, now, image);
    default:
        return sum_map(it, now, image, it == layers + LAYERS - 1 ? DIGIT_CLASSES : it[1].channels);
    }
}

int digit_predict(const uint8_t image[DIGIT_SIDE * DIGIT_SIDE], int32_t scores[DIGIT_CLASSES])
{
    progress now[LAYERS] = {{DIGIT_SIDE, 0}};
    int index = 0;
    int digit = 0;
    /* The last layer that can make a row makes one, so that no row waits longer than it must. */
    while (index >= 0 && index < LAYERS) {
        if (!make_row(layers + index, now + index, image)) {
            --index;
        } else if (++index < LAYERS) {
            ++now[index].received;
        }
    }
    for (index = 0; index < DIGIT_CLASSES; ++index) {
        scores[index] = memory.sums[index];
        if (scores[index] > scores[digit]) {
            digit = index;
        }
    }
    return digit;
}
