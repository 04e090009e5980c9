using Tessera.Connections;

namespace Tessera.Onnx.Export;

/// <summary>What undoing a max pooling needs of it.</summary>
/// <param name="Positions">The value with the winners' positions, counted over the whole of what was pooled, batch and channels too.</param>
/// <param name="Low">Elements that were put before each axis before pooling.</param>
/// <param name="Size">The size [i_1 … i_d] of what was pooled, with what was put around it.</param>
/// <param name="Axes">The windows.</param>
/// <param name="Pads">The pads that the pooling has itself, all low ones and then all high ones.</param>
internal sealed record PoolWinners(string Positions, int[] Low, int[] Size, IReadOnlyList<AxisGeometry> Axes, int[] Pads);
