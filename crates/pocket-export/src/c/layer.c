enum { CONVOLUTION, MAX_POOL, FULLY_CONNECTED, MEAN };

/* A layer. Maps are square; the values of a pixel, one for each channel, lie side by side. */
typedef struct {
    @NUMBER@ side;      /* of the input: its rows, and pixels of a row */
    @NUMBER@ channels;  /* of the input */
    @NUMBER@ kernel;    /* height and width of the kernel, or of a window of max-pooling */
    @NUMBER@ stride;
    @NUMBER@ padding;
    @NUMBER@ inputs;    /* channels of a group of the input */
    @NUMBER@ outputs;   /* channels of a group of the output */
    @NUMBER@ held;      /* rows of the input that are held at a time */
    @NUMBER@ window;    /* where these begin in memory.rows */
    @NUMBER@ weights;   /* where its weights begin */
    @NUMBER@ channel;   /* where its biases, multipliers and shifts begin */
    uint8_t operation;
    uint8_t padding_value;
    uint8_t zero;       /* the activation that stands for 0 */
} layer;
