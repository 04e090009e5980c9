namespace Tessera.Kernels.Dense;

/// <summary>An algorithm that says what a run costs, to be held against others.</summary>
internal interface ICosted
{
    /// <summary>What a group of a run costs, in vectors multiplied by rows at the peak.</summary>
    double Cost { get; }

    /// <summary>The numbers of a vector.</summary>
    int Lanes { get; }
}
