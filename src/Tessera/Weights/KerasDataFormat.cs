namespace Tessera.Weights;

/// <summary>Where Keras has the channels of its tensors: its setting <c>data_format</c>.</summary>
public enum KerasDataFormat
{
    /// <summary>[N, i…, C]: <c>channels_last</c>, Keras' own default.</summary>
    ChannelsLast,

    /// <summary>[N, C, i…]: <c>channels_first</c>.</summary>
    ChannelsFirst,
}
