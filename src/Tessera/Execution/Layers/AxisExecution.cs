using System.Numerics;

namespace Tessera.Execution.Layers;

/// <summary>What is computed along one axis of a shape, forward and backward: of a row, where that axis is the fastest, or else of a block of neighbouring rows.</summary>
internal interface IAxisFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    static abstract void ForwardRow(LayerMemory<T> memory, in AxisView view, long start);

    static abstract void BackwardRow(LayerMemory<T> memory, in AxisView view, long start);

    static abstract void ForwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count);

    static abstract void BackwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count);
}

/// <summary>
/// A function along one axis whose gradient is computed from the output, in blocks of neighbouring positions so that every pass runs along
/// the fastest axis; where the axis is itself the fastest, each of its rows is a block.
/// </summary>
internal sealed class AxisExecution<T, TFunction>(AxisView view) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TFunction : struct, IAxisFunction<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly AxisView view = view;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsOutput => true;

    public override void Forward() => Run(ForwardStage, view.Jobs);

    public override void Backward() => Run(BackwardStage, view.Jobs);

    protected override void Execute(int stage, int job)
    {
        var (first, end) = view.PiecesOf(job);
        for (var piece = first; piece < end; piece++)
        {
            var (start, count) = view.Piece(piece);
            switch (stage, view.Inner)
            {
                case (ForwardStage, 1):
                    TFunction.ForwardRow(Memory, view, start);
                    break;
                case (ForwardStage, _):
                    TFunction.ForwardBlock(Memory, view, start, count);
                    break;
                case (_, 1):
                    TFunction.BackwardRow(Memory, view, start);
                    break;
                default:
                    TFunction.BackwardBlock(Memory, view, start, count);
                    break;
            }
        }
    }
}
