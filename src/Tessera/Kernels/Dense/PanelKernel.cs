using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>What one call of a micro-kernel multiplies: Result[r, j] (+)= Bias[r] + Σ_k Left[r, k] · Right[k, j].</summary>
internal unsafe struct PanelProduct<T>
    where T : unmanaged
{
    /// <summary>Left[r, k] at r · LeftStride + k · LeftStep; or at LeftRows[r] instead of r · LeftStride.</summary>
    public T* Left;
    public nint LeftStride;
    public nint LeftStep = 1;
    public nint* LeftRows;

    /// <summary>The rows that Left has; the rest of the panel reads the last of them again.</summary>
    public int Rows;

    /// <summary>
    /// k runs through Runs runs of RunLength; row i of a run begins at Right + RunOffsets[run] + i · RightPitch, and a row of
    /// Left goes on at LeftOffsets[run]. Where either is null, that side is one run.
    /// </summary>
    public T* Right;
    public nint RightPitch;

    /// <summary>Where the second and the third vector of a row of Right stand, counted from the first.</summary>
    public nint RightSecond;
    public nint RightThird;
    public int Runs;
    public int RunLength;
    public nint* RunOffsets;
    public nint* LeftOffsets;

    /// <summary>Result[r, j] at r · ResultStride + j, or at ResultRows[r] + j; all rows of the panel are written, however many Left has.</summary>
    public T* Result;
    public nint ResultStride;
    public nint* ResultRows;

    /// <summary>One number per row of the panel, or null.</summary>
    public T* Bias;

    /// <summary>Whether to add to the result.</summary>
    public bool Add;

    public PanelProduct()
    {
    }
}

/// <summary>
/// The micro-kernel of every dense product. All sums of a panel of rows by one to three vectors of columns stay in
/// registers while k runs; a step of k loads the vectors of Right once and broadcasts one number of Left per row.
/// <code>
///             Right    k ↓  [ b0 | b1 | b2 ]   vectors, side by side or anywhere
///     Left k →
///     a0                    c00  c01  c02
///     a1                    c10  c11  c12      8 × 3 in 32 registers,
///     …                     …                  4 × 3 in 16
/// </code>
/// </summary>
internal static unsafe partial class PanelKernel<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>The most vectors of columns that a panel has.</summary>
    public const int MostVectors = 3;

    /// <summary>The rows of the highest panel.</summary>
    public const int MostHeight = 8;

    /// <summary>The rows of a whole panel.</summary>
    public static int Height => TLanes.HasManyRegisters ? 8 : 4;

    /// <summary>The rows of the panel that covers what is left of the rows.</summary>
    public static int HeightFor(int rowsLeft) => rowsLeft <= 4 ? 4 : Height;

    /// <summary>As how many rows of whole panels so many count, of which the last are a low panel or a whole one that is not full.</summary>
    public static double CostOfRows(int rows)
    {
        const double low = 5.2;
        var rest = rows % MostHeight;
        return rows - rest + (rest == 0 ? 0 : rest <= 4 ? low : MostHeight);
    }

    /// <summary>As how much more a vector counts where panels have fewer than they could.</summary>
    public static double CostOfWidth(int vectors, int panels) => 1 + (0.1 * (MostVectors - ((double)vectors / panels)));

    /// <summary>Multiplies one panel of <paramref name="height"/> rows and <paramref name="vectors"/> vectors of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(in PanelProduct<T> product, int height, int vectors)
    {
        if (height == 8)
        {
            if (vectors == 3) EightByThree(product);
            else if (vectors == 2) EightByTwo(product);
            else EightByOne(product);
        }
        else if (vectors == 3) FourByThree(product);
        else if (vectors == 2) FourByTwo(product);
        else FourByOne(product);
    }

    /// <summary>Where a row of Left begins; the rows that it does not have are the last one again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T* Row(in PanelProduct<T> p, int row, T* before) =>
        row >= p.Rows ? before : p.LeftRows != null ? p.Left + p.LeftRows[row] : row == 0 ? before : before + p.LeftStride;

    /// <summary>Where a row of Result begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T* ResultRow(in PanelProduct<T> p, int row, T* before) =>
        p.ResultRows != null ? p.Result + p.ResultRows[row] : row == 0 ? before : before + p.ResultStride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(T* to, bool add, TVector first) =>
        TLanes.Store(add ? TLanes.Add(TLanes.Load(to), first) : first, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(T* to, bool add, TVector first, TVector second)
    {
        Finish(to, add, first);
        Finish(to + TLanes.Count, add, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(T* to, bool add, TVector first, TVector second, TVector third)
    {
        Finish(to, add, first, second);
        Finish(to + (2 * TLanes.Count), add, third);
    }
}
